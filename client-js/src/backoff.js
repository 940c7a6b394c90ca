/**
 * Returns how long to wait before the next try, in milliseconds: anything between 0 and a
 * bound that doubles with every failure ("full jitter"), so that the clients of a node
 * that died do not come back all at once.
 *
 * @param {number} failures how many tries failed in a row
 * @param {{ min: number, max: number }} pace the first bound and the last one, milliseconds
 * @param {() => number} random from 0 to below 1
 */
export function backoff(failures, { min, max }, random) {
  return random() * Math.min(max, min * 2 ** failures)
}
