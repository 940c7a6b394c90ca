/**
 * Marks a promise as looked after, for callers who do not wait for it.
 *
 * @template T
 * @param {Promise<T>} promise
 */
export function unawaited(promise) {
  promise.catch(() => {})
  return promise
}

/**
 * Wishes are promises that were given for something the node has yet to grant. A request that says all
 * that is wished for settles the wishes made until then, and none that was made since.
 */
export class Wishes {
  /** @type {{ mark: number, resolve: (nothing: void) => void, reject: (error: Error) => void }[]} */
  #open = []

  /** How many wishes were made so far. */
  mark = 0

  /** @returns {Promise<void>} that nobody needs to wait for */
  make() {
    return unawaited(new Promise((resolve, reject) => this.#open.push({ mark: ++this.mark, resolve, reject })))
  }

  /**
   * @param {Error | null} error null: they are granted
   * @param {number} [until] settles the wishes up to that mark
   */
  settle(error, until = this.mark) {
    const all = this.#open
    this.#open = all.filter(({ mark }) => mark > until)
    for (const { mark, resolve, reject } of all) if (mark <= until) error ? reject(error) : resolve()
  }
}
