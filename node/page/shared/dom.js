/** Elements by id, and made of text: nothing here or elsewhere parses HTML, so no name can be any. */

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id)

/**
 * Makes an element.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `on…`: listeners; null and false: left out
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

/** A name, kept from turning the text around it: it may be written from right to left. @param {string} text */
export const named = (text) => make('bdi', {}, text)

/** Sets a text only if it is another one, so that nothing is read out twice. @param {Node} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** Replaces what is in an element, unless it reads the same. @param {Element} element @param {...(Node | string)} children */
export function fill(element, ...children) {
  const made = make('div', {}, ...children)
  if (made.innerHTML !== element.innerHTML) element.replaceChildren(...made.childNodes)
}

/**
 * Has a list show exactly these items, in this order. What is shown of an item is made once, and
 * then changed in place, so that it keeps the focus.
 *
 * @template T
 * @param {Element} list
 * @param {Map<any, any>} shown by key; kept by the caller
 * @param {Iterable<[any, T]>} items by key
 * @param {(item: T) => any} create returns an element with a function `show` that takes an item
 */
export function keep(list, shown, items, create) {
  const wanted = new Map(items)
  for (const [key, element] of shown) {
    if (wanted.has(key)) continue
    element.remove()
    shown.delete(key)
  }
  let place = list.firstElementChild
  for (const [key, item] of wanted) {
    let element = shown.get(key)
    if (!element) shown.set(key, (element = create(item)))
    element.show(item)
    if (element === place) place = element.nextElementSibling
    else list.insertBefore(element, place)
  }
}
