import { byId } from './dom.js'
import { hue } from './words.js'

/** @import { NodeSight } from './api.js' */
/** @import { Seat } from './seats.js' */

/** How much is remembered, and how much is shown at least, milliseconds. */
const most = 120_000
const least = 8_000

/** In pixels, as all here: the height of a lane, and the room for its name. */
const lane = 32
const margin = 64

/** @typedef {{ from: number, value: string | null }} Step a value from that moment on */

/** Lanes draw what the nodes and the seats did lately. */
export class Lanes {
  /** @type {Map<string, Step[]>} */
  #nodes = new Map()
  /** @type {Map<Seat, Step[]>} */
  #seats = new Map()
  /** @type {{ at: number, node: string, action: string }[]} */
  #marks = []

  #began = Date.now()

  /** @param {NodeSight[]} nodes */
  nodes(nodes) {
    for (const { name, state } of nodes) step(this.#nodes, name, state)
  }

  /** @param {Seat[]} seats */
  seats(seats) {
    for (const seat of new Set([...this.#seats.keys(), ...seats])) step(this.#seats, seat, seats.includes(seat) ? seat.node : null)
  }

  /** @param {string} node @param {string} action */
  mark(node, action) {
    this.#marks.push({ at: Date.now(), node, action })
    if (this.#marks.length > 500) this.#marks.shift()
  }

  draw() {
    const now = Date.now()
    const names = [...this.#nodes.keys()]
    const svg = byId('lanes')
    const width = svg.clientWidth
    const span = Math.min(most, Math.max(least, now - this.#began))
    svg.style.height = `${names.length * lane + 4}px`
    const x = (/** @type {number} */ at) => margin + (width - margin - 6) * Math.max(0, 1 - (now - at) / span)
    const y = (/** @type {string} */ node) => names.indexOf(node) * lane + lane / 2 + 2
    const drawn = names.flatMap((name) => [
      shape('text', { x: 0, y: y(name) + 5, class: 'lane-name' }, name),
      ...pieces(this.#nodes.get(name), now).map(({ from, to, value }) =>
        shape('line', { x1: x(from), x2: x(to), y1: y(name), y2: y(name), class: `lane ${value}` })),
    ])
    let row = 0
    for (const [seat, steps] of this.#seats) {
      const path = trace(pieces(steps, now), x, (node) => y(node) + ((row % 5) - 2) * 4)
      row++
      const line = shape('path', { d: path, class: 'trace' })
      line.style.setProperty('--hue', String(hue(seat.info.user)))
      drawn.push(line)
    }
    for (const { at, node, action } of this.#marks) {
      if (now - at > span || !names.includes(node)) continue
      const up = action === 'join' ? -1 : 1
      drawn.push(shape('path', { d: `M${x(at)} ${y(node) + up * 5}l5 ${up * 8}h-10z`, class: `mark ${action}` }))
    }
    svg.replaceChildren(...drawn)
    this.#forget(now)
  }

  /** @param {number} now */
  #forget(now) {
    this.#marks = this.#marks.filter(({ at }) => now - at <= most)
    for (const [seat, steps] of this.#seats) {
      const last = /** @type {Step} */ (steps.at(-1))
      if (last.value === null && now - last.from > most) this.#seats.delete(seat)
    }
  }
}

/** @template K @param {Map<K, Step[]>} map @param {K} key @param {string | null} value */
function step(map, key, value) {
  const now = Date.now()
  const steps = map.get(key) ?? []
  map.set(key, steps)
  if (!steps.length || steps.at(-1)?.value !== value) steps.push({ from: now, value })
  while (steps.length > 1 && now - steps[1].from > most) steps.shift()
}

/** @param {Step[] | undefined} steps @param {number} now */
function pieces(steps = [], now) {
  return steps
    .map(({ from, value }, i) => ({ from: Math.max(from, now - most), to: steps[i + 1]?.from ?? now, value }))
    .filter(({ to }) => now - to < most)
}

/**
 * A line that rests on the lane of the node it is on, and goes over to the next one.
 *
 * @param {{ from: number, to: number, value: string | null }[]} all
 * @param {(at: number) => number} x
 * @param {(node: string) => number} y
 */
function trace(all, x, y) {
  let path = ''
  const on = all.filter(({ value }) => value !== null)
  on.forEach(({ from, to, value }, i) => {
    path += `${i ? 'L' : 'M'}${x(from)} ${y(/** @type {string} */ (value))}L${x(to)} ${y(/** @type {string} */ (value))}`
  })
  return path
}

/** @param {string} name @param {Record<string, any>} attributes @param {string} [text] @returns {any} */
function shape(name, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, typeof value === 'number' ? value.toFixed(1) : value)
  if (text) element.textContent = text
  return element
}
