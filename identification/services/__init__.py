"""What writes. Each service is atomic and leaves exactly one audit entry."""
