/** What the page takes from /metrics: counts of the whole cluster, and of how many came and went. */

/** @typedef {{ users: number, sessions: number, anonymous: number, channels: number, joins: number, leaves: number, incomplete: boolean }} Figures */

const series = /^(\w+)(?:\{[^}]*\})? (\S+)/gm

/** Reads the text of /metrics. Series of one name are added up. @param {string} text @returns {Figures} */
export function figures(text) {
  /** @type {Map<string, number>} */
  const sums = new Map()
  for (const [, name, value] of text.matchAll(series)) sums.set(name, (sums.get(name) ?? 0) + Number(value))
  const of = (/** @type {string} */ name) => sums.get(`rollcall_${name}`) ?? 0
  return {
    users: of('view_users'), sessions: of('view_sessions'), anonymous: of('view_anonymous'), channels: of('view_channels'),
    joins: of('view_joins_total'), leaves: of('view_leaves_total'), incomplete: of('node_incomplete') > 0,
  }
}

/** How far back rates are shown, milliseconds. */
export const span = 300_000

/** @typedef {{ at: number, joins: number, leaves: number }} Sample counts since the node began */
/** @typedef {{ from: number, to: number, joins: number, leaves: number }} Rate a second, between two samples */

/**
 * Returns the rates between samples. A count that went down is that of another node, which began anew
 * at the same address; a gap of half a minute is one in which nobody looked.
 *
 * @param {readonly Sample[]} samples the oldest first
 * @returns {Rate[]}
 */
export function rates(samples) {
  /** @type {Rate[]} */
  const all = []
  for (let i = 1; i < samples.length; i++) {
    const [a, b] = [samples[i - 1], samples[i]]
    const seconds = (b.at - a.at) / 1_000
    if (seconds <= 0 || seconds > 30 || b.joins < a.joins || b.leaves < a.leaves) continue
    all.push({ from: a.at, to: b.at, joins: (b.joins - a.joins) / seconds, leaves: (b.leaves - a.leaves) / seconds })
  }
  return all
}

/**
 * Returns the outline of one kind of rate as an SVG path: up from the middle, or down.
 *
 * @param {readonly Rate[]} all
 * @param {'joins' | 'leaves'} kind
 * @param {{ now: number, width: number, middle: number, height: number, most: number }} box height: that of the rate most
 */
export function outline(all, kind, { now, width, middle, height, most }) {
  const x = (/** @type {number} */ at) => round(width * (1 - (now - at) / span))
  const y = (/** @type {number} */ rate) => round(middle + (kind === 'joins' ? -1 : 1) * height * (rate / most))
  return all.filter(({ to }) => to > now - span)
    .map((rate) => `M${x(Math.max(rate.from, now - span))} ${middle}V${y(rate[kind])}H${x(rate.to)}V${middle}Z`).join('')
}

const round = (/** @type {number} */ n) => Math.round(n * 10) / 10

/** The highest rate, on a scale that does not jump: 1, 2, 5, 10 … @param {readonly Rate[]} all */
export function scale(all) {
  const most = Math.max(1, ...all.flatMap(({ joins, leaves }) => [joins, leaves]))
  const power = 10 ** Math.floor(Math.log10(most))
  return /** @type {number} */ ([1, 2, 5, 10].map((n) => n * power).find((n) => n >= most))
}
