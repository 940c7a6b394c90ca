/**
 * How many bytes a text takes on the wire, which is what nodes put bounds on.
 *
 * @param {string} [text]
 */
export function byteLength(text) {
  return new TextEncoder().encode(text).length
}
