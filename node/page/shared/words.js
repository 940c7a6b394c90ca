/** Numbers and times in words. */

/** @param {number} n @param {string} one @param {string} [many] */
export const count = (n, one, many = one + 's') => `${n} ${n === 1 ? one : many}`

/** A length of time, in its largest unit. @param {number} ms */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h`
}

/** A bound, to a tenth of a second. @param {number} ms */
export const bound = (ms) => `${Math.round(ms / 100) / 10} s`

/** @param {number} at Unix milliseconds */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB')

/** @param {string[]} parts */
export const list = (parts) => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`)

/** The first letter of a name, as people count letters. @param {string} name */
export function initial(name) {
  const letters = [...new Intl.Segmenter().segment(name.trim() || name)]
  return (letters.find(({ segment }) => /[\p{L}\p{N}\p{Emoji}]/u.test(segment)) ?? letters[0])?.segment.toUpperCase() ?? '?'
}

/** A colour for a name, always the same. @param {string} name */
export function hue(name) {
  let h = 7
  for (const c of name) h = (h * 31 + /** @type {number} */ (c.codePointAt(0))) >>> 0
  return (h % 24) * 15
}
