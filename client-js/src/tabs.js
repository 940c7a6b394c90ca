import { attempt } from './storage.js'

/**
 * Opens the way to the other tabs of this browser, so that one in which somebody works keeps the
 * others from being idle. Nothing is sent but the fact. Null in an old browser, or a frame that may not.
 *
 * @param {() => void} acted called when another tab tells of an action
 */
export function openTabs(acted) {
  return attempt(() => {
    const channel = new BroadcastChannel('rollcall:activity')
    channel.onmessage = acted
    // In Node an open channel would keep the process from ending.
    ;/** @type {any} */ (channel).unref?.()
    return channel
  })
}
