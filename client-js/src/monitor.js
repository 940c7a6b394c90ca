import { Emitter } from './emitter.js'
import { Pulse } from './clock.js'
import { defaultInputs, watchInputs } from './inputs.js'
import { page } from './page.js'
import { openTabs } from './tabs.js'

/** @import { Clock } from './clock.js' */

/**
 * @typedef {object} MonitorOptions
 * @property {number} [threshold] idle after so many milliseconds without an action; 60,000. 0: however long it is
 * @property {number} [interval] how often to look, milliseconds; 1,000
 * @property {boolean} [idleOnBlur] idle as soon as the window loses the focus, until it has it again; false
 * @property {string[]} [inputs] the events that count as actions
 */

/** How often tabs tell each other of actions, milliseconds. */
const tellEvery = 1_000

/**
 * Monitor knows whether somebody is there. It is told by the events of the page, by the other tabs of
 * this browser, and by whoever calls {@link Monitor.ping}.
 *
 * @extends {Emitter<{ idle: [], active: [] }>}
 */
export class Monitor extends Emitter {
  #clock
  #report
  #tabs = /** @type {BroadcastChannel | null} */ (null)
  /** @type {Pulse | null} */
  #pulse = null
  #unlisten = () => {}
  #threshold = 0
  #idleOnBlur = false
  #blurred = false
  #last // by clock.mono
  #told = -Infinity // when the other tabs were told, by clock.mono
  #known = false // whether anybody has ever told whether somebody is there

  /** Whether nobody is there. */
  isIdle = false

  /**
   * @internal
   * @param {Clock} clock
   * @param {() => void} report told when `isIdle` has changed
   */
  constructor(clock, report) {
    super()
    this.#clock = clock
    this.#report = report
    this.#last = clock.mono()
  }

  /** Whether it runs. */
  get isMonitoring() {
    return this.#pulse !== null
  }

  /** When the last action was, Unix milliseconds by our own clock. */
  get lastActivity() {
    return this.#clock.wall() - this.idle
  }

  /** How long ago the last action was, milliseconds. */
  get idle() {
    return Math.round(this.#clock.mono() - this.#last)
  }

  /**
   * Begins to watch for actions. To begin is one, unless the window has not the focus and that makes idle. Started
   * again, it goes on with the new options.
   *
   * @param {MonitorOptions} [options]
   */
  start({ threshold = 60_000, interval = 1_000, idleOnBlur = false, inputs = defaultInputs } = {}) {
    this.stop()
    this.#known = true
    this.#threshold = threshold
    this.#idleOnBlur = idleOnBlur
    this.#blurred = false
    this.#pulse = new Pulse(this.#clock, interval, () => this.#look())
    this.#pulse.start()
    this.#tabs = openTabs(() => this.#blocked() || this.#note())
    this.#unlisten = watchInputs(
      inputs,
      () => this.#act(),
      (blurred) => this.#blur(blurred),
    )
    this.#act()
    this.#blur(page?.document.hasFocus() === false)
  }

  /** Watches no more. Whether somebody is there stays as it was last. */
  stop() {
    this.#pulse?.stop()
    this.#pulse = null
    this.#unlisten()
    this.#unlisten = () => {}
    this.#tabs?.close()
    this.#tabs = null
  }

  /** Counts as an action, wherever the focus is: for what the page cannot see. */
  ping() {
    this.#blurred = false
    this.#act()
  }

  /** Nobody is there from now on, until the next action. @internal */
  leave() {
    this.#known = true
    this.#set(true)
  }

  /** Looks at the clock: called besides by every frame that comes. @internal */
  nudge() {
    this.#pulse?.nudge()
  }

  /** Returns what hello is to say: idle time is not lost with a connection. @internal */
  hello() {
    return this.#known ? { state: this.isIdle ? 'away' : 'online', idle: this.idle } : {}
  }

  #act() {
    if (this.#blocked()) return
    this.#note()
    const now = this.#clock.mono()
    if (now - this.#told < tellEvery) return
    this.#told = now
    this.#tabs?.postMessage(0)
  }

  /** Whether actions do not count, wherever they are. */
  #blocked() {
    return this.#blurred && this.#idleOnBlur
  }

  #note() {
    this.#last = this.#clock.mono()
    this.#known = true
    this.#set(false)
  }

  /** @param {boolean} blurred */
  #blur(blurred) {
    this.#blurred = blurred
    if (blurred && this.#idleOnBlur) this.#set(true)
  }

  #look() {
    if (this.#threshold && this.idle >= this.#threshold) this.#set(true)
  }

  /** @param {boolean} idle */
  #set(idle) {
    if (idle === this.isIdle) return
    this.isIdle = idle
    this.#report()
    this.emit(idle ? 'idle' : 'active')
  }
}
