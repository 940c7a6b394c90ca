/** The page, if we are in one: elsewhere, as in Node, there is nothing to listen to. */
export const page = /** @type {any} */ (globalThis.document && globalThis)

/**
 * Adds one listener to all these events, and returns a function that removes it.
 *
 * @param {[target: any, names: Iterable<string>][]} events
 * @param {(event: any) => void} run
 */
export function listen(events, run) {
  const over = new AbortController()
  // Seen before the page can stop the event, and never in the way of scrolling.
  const options = { capture: true, passive: true, signal: over.signal }
  for (const [target, names] of events) for (const name of names) target.addEventListener(name, run, options)
  return () => over.abort()
}

/**
 * @typedef {object} PageEvents
 * @property {() => void} freeze the page will run nothing, until it is resumed, or for ever
 * @property {() => void} sleep the page goes away, perhaps to come back
 * @property {() => void} wake it is back, or may have slept, or the network may have changed
 */

/**
 * Listens to what a browser tells of network and page, and returns a function that ends it. All of it
 * is a hint at most: `online` may lie, and `offline` comes while a VPN is changed. An open socket keeps some
 * browsers from putting a page aside for "back", so it is given up when the page goes.
 *
 * @param {PageEvents} events
 */
export function watchPage(events) {
  if (!page) return () => {}
  const { document } = page
  const names = ['visibilitychange', 'freeze', 'resume']
  return listen([[page, ['online', 'offline', 'pagehide', 'pageshow']], [document, names]], ({ type }) => {
    if (type === 'freeze') events.freeze()
    else if (type === 'pagehide') events.sleep()
    else if (type !== 'visibilitychange' || !document.hidden) events.wake()
  })
}
