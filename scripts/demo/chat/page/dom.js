/** Elements by id, and made of text: nothing here or elsewhere parses HTML, so no name can be any. */

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id)

/**
 * Makes an element.
 *
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** A name, kept from turning the text around it: it may be written from right to left. @param {string} user */
export const named = (user) => make('bdi', { class: 'name' }, user)

/** The first letter of a name on a colour that is always the same. @param {string} user */
export function seal(user) {
  const letters = [...new Intl.Segmenter().segment(user)].map(({ segment }) => segment)
  const initial = letters.find((letter) => /[\p{L}\p{N}\p{Emoji}]/u.test(letter)) ?? letters[0]
  let hue = 7
  for (const c of user) hue = (hue * 31 + /** @type {number} */ (c.codePointAt(0))) >>> 0
  const element = make('span', { class: 'seal', 'aria-hidden': 'true' }, initial.toUpperCase())
  element.style.setProperty('--hue', String((hue % 24) * 15))
  return element
}

/** Sets a text only if it is another one, so that nothing is read out twice. @param {Node} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** A length of time, in its largest unit. @param {number} ms */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`
}
