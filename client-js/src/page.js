/** The page, if we are in one: elsewhere, as in Node, there is nothing to listen to. */
export const page = /** @type {any} */ (globalThis.document && globalThis)

/**
 * Adds listeners and returns a function that removes them.
 *
 * @param {[target: any, name: string, run: (event: any) => void][]} listeners
 */
export function listen(listeners) {
  // Seen before the page can stop the event, and never in the way of scrolling.
  const options = { capture: true, passive: true }
  for (const [target, name, run] of listeners) target.addEventListener(name, run, options)
  return () => {
    for (const [target, name, run] of listeners) target.removeEventListener(name, run, options)
  }
}

/**
 * @typedef {object} PageEvents
 * @property {() => void} hint the network may have changed, or the page may have slept
 * @property {() => void} freeze the page will run nothing, until it is resumed, or for ever
 * @property {() => void} sleep the page goes away, perhaps to come back
 * @property {() => void} wake it is back
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
  const hint = () => events.hint()
  const wake = () => events.wake()
  return listen([
    [page, 'online', hint],
    [page, 'offline', hint],
    [page, 'pagehide', () => events.sleep()],
    [page, 'pageshow', wake],
    [document, 'visibilitychange', () => document.hidden || wake()],
    [document, 'freeze', () => events.freeze()],
    [document, 'resume', wake],
  ])
}
