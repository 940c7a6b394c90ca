/**
 * Returns the address of a WebSocket for what people write: also `https://chat.example/v1/connect`, or
 * `/v1/connect` for the page's own host.
 *
 * @param {string} address
 */
export function webSocketAddress(address) {
  const page = /** @type {any} */ (globalThis).location
  return new URL(address, page?.href).href.replace(/^http/, 'ws')
}
