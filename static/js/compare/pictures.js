// Pictures fetched and decoded before they are asked for, so that the next candidate is there at once.

const kept = new Map();

/** The picture at an address: { image, ready } where ready becomes true once it is decoded. */
export function picture(address) {
  if (!kept.has(address)) kept.set(address, fetched(address));
  return kept.get(address);
}

function fetched(address) {
  const image = new Image();
  image.src = address;
  return settled(image);
}

function settled(image) {
  const one = { image, ready: false };
  one.decoded = image.decode().then(() => { one.ready = true; }, () => {});
  return one;
}

/** Keep a picture that the page came with. */
export function keep(image) {
  kept.set(image.getAttribute("src"), settled(image));
}

/** Fetch pictures one after the other; a later call goes before what an earlier one still has to fetch. */
let turn = 0;
export async function prefetch(addresses) {
  turn += 1;
  const mine = turn;
  for (const address of addresses) {
    if (mine !== turn) return;
    await picture(address).decoded;
  }
}
