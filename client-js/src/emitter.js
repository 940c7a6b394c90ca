/**
 * Calls listeners by the name of an event. A listener that throws stops neither the
 * other listeners nor the client: its error is reported as uncaught.
 *
 * @template {Record<string, any[]>} Events names of events, and what listeners are given
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<(...args: any[]) => void>>} */
  #listeners = new Map()

  /**
   * Has `listener` called at each such event. Adding it twice is adding it once.
   *
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(...args: Events[Name]) => void} listener
   * @returns {() => void} a function that ends it
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => this.off(name, listener)
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(...args: Events[Name]) => void} listener
   */
  off(name, listener) {
    this.#listeners.get(name)?.delete(listener)
  }

  /**
   * Calls the listeners there are now; one that is added meanwhile waits for the next event.
   * Returns whether there were any.
   *
   * @internal
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} args
   */
  emit(name, ...args) {
    const listeners = [...(this.#listeners.get(name) ?? [])]
    for (const listener of listeners) {
      try {
        listener(...args)
      } catch (error) {
        Promise.reject(error) // unhandled, and so reported
      }
    }
    return listeners.length > 0
  }
}
