/**
 * Time and chance, in one place, so that tests can give their own.
 *
 * @typedef {object} Clock
 * @property {() => number} wall what the computer thinks the time is, Unix milliseconds; may jump
 * @property {() => number} mono milliseconds since some moment; never goes back, but may stand still while the computer sleeps
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random from 0 to below 1
 */

/** @type {Clock} */
export const systemClock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: Math.random,
}

/**
 * @typedef {object} Beat
 * @property {number} ran how long we were awake since the last beat, milliseconds, as far as it can be vouched for
 * @property {boolean} late whether we slept or were throttled: then what should have come may still be on its way
 * @property {boolean} jumped whether one of our clocks was set, or stood still: then what we know of the node's clock is wrong
 */

/**
 * Pulse calls a function again and again, and tells it how far its timer can be believed.
 *
 * Browsers run the timers of hidden tabs once a minute, and none at all while a page is frozen
 * or a laptop sleeps. So a beat counts as little more than one interval, however long ago the last
 * one was. What is not throttled is the arrival of frames: each calls {@link Pulse.nudge}, which
 * keeps the pulse of a hidden tab at the pace of its node's pings.
 */
export class Pulse {
  #clock
  #interval
  #beat
  #timer = /** @type {any} */ (null)
  #mono = 0
  #wall = 0

  /**
   * @param {Clock} clock
   * @param {number} interval milliseconds
   * @param {(beat: Beat) => void} beat
   */
  constructor(clock, interval, beat) {
    this.#clock = clock
    this.#interval = interval
    this.#beat = beat
  }

  start() {
    if (this.#timer !== null) return
    this.#mono = this.#clock.mono()
    this.#wall = this.#clock.wall()
    this.#arm()
  }

  stop() {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Beats now if a beat is due. */
  nudge() {
    if (this.#timer !== null && this.#clock.mono() - this.#mono >= this.#interval) this.#run()
  }

  #arm() {
    this.#timer = this.#clock.setTimeout(() => {
      this.#arm()
      this.#run()
    }, this.#interval)
  }

  #run() {
    const mono = this.#clock.mono()
    const wall = this.#clock.wall()
    const gap = mono - this.#mono
    const jumped = Math.abs(wall - this.#wall - gap) > 1_000
    this.#mono = mono
    this.#wall = wall
    const most = 2 * this.#interval
    this.#beat({ ran: Math.min(gap, most), late: gap > most || jumped, jumped })
  }
}

/**
 * NodeTime knows the clock of the node, from what it says the time is. The best of a
 * connection's measurements counts: the one that was under way for the shortest time.
 */
export class NodeTime {
  #clock
  #ahead = NaN // of clock.mono
  /** How long the best measurement was under way. Infinity: it counts no more. */
  doubt = Infinity

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock
  }

  /** Unix milliseconds by the node's clock; by our own, until a node has told its time. */
  now() {
    return Math.round(this.#clock.mono() + this.#ahead) || this.#clock.wall()
  }

  /**
   * @param {number} time what the node said
   * @param {number} asked when it was asked, by clock.mono; it answered between then and now
   */
  measure(time, asked) {
    const now = this.#clock.mono()
    if (now - asked > this.doubt) return
    this.doubt = now - asked
    this.#ahead = time - (asked + now) / 2
  }
}
