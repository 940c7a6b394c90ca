/**
 * What can be given as option `storage`: the Web Storage API, or anything like it.
 *
 * @typedef {object} StorageLike
 * @property {(key: string) => string | null} getItem
 * @property {(key: string, value: string) => void} setItem
 */

/**
 * Shelf keeps one JSON value in a storage that may be absent, full or forbidden (private
 * windows, sandboxed frames): then it keeps nothing, and says nothing.
 */
export class Shelf {
  #key
  #storage

  /**
   * @param {string} key
   * @param {() => StorageLike | null | undefined} find may throw, as the mere mention of localStorage does in some frames
   */
  constructor(key, find) {
    this.#key = key
    this.#storage = attempt(find)
  }

  /** @returns {any} what was put; null if there is nothing, or nothing sensible */
  get() {
    return attempt(() => JSON.parse(this.#storage?.getItem(this.#key) ?? 'null'))
  }

  /** @param {any} value JSON; null stands for nothing */
  put(value) {
    attempt(() => this.#storage?.setItem(this.#key, JSON.stringify(value)))
  }
}

/**
 * Returns what a function does, or null if it throws.
 *
 * @template T
 * @param {() => T} run
 */
export function attempt(run) {
  try {
    return run()
  } catch {
    return null
  }
}
