/**
 * Opens the way to the other tabs of this browser, so that one in which somebody works keeps the
 * others from being idle. Nothing is sent but the fact.
 *
 * @param {() => void} acted called when another tab tells of an action
 * @returns {{ tell: () => void, close: () => void }}
 */
export function openTabs(acted) {
  try {
    const channel = new BroadcastChannel('rollcall:activity')
    channel.onmessage = () => acted()
    // In Node an open channel would keep the process from ending.
    ;/** @type {any} */ (channel).unref?.()
    return { tell: () => channel.postMessage(0), close: () => channel.close() }
  } catch {
    return { tell: () => {}, close: () => {} } // an old browser, or a frame that may not
  }
}
