"""What writes in a review. Each service is atomic and leaves exactly one audit entry."""
