import { createContext, createElement, useContext, useEffect, useMemo, useSyncExternalStore } from 'react'
import { holdRoom, holdUser, noRoom } from './hold.js'

/** @import { UserStatus } from './follows.js' */
/** @import { RoomView } from './hold.js' */
/** @import { Rollcall } from './rollcall.js' */

/**
 * @typedef {object} RoomOptions
 * @property {Record<string, any>} [data] what to say of ourselves; said again when it changes
 * @property {boolean} [watch] only look on
 * @property {'members' | 'count'} [mode]
 * @property {Rollcall} [client] instead of the provider's
 */

const Client = createContext(/** @type {Rollcall | null} */ (null))

/**
 * Gives a client to the components inside.
 *
 * @param {{ client: Rollcall, children?: import('react').ReactNode }} props
 */
export function RollcallProvider({ client, children }) {
  return createElement(Client.Provider, { value: client }, children)
}

/** Returns the client of the nearest {@link RollcallProvider}. @param {Rollcall} [given] what to return instead */
export function useRollcall(given) {
  const provided = useContext(Client)
  const client = given ?? provided
  if (client === null) throw new Error('useRollcall: there is no RollcallProvider around this component')
  return client
}

/**
 * Is in a channel for as long as some component that uses it is mounted. Null for a channel: be in none.
 *
 * @param {string | null} channel
 * @param {RoomOptions} [options]
 * @returns {RoomView}
 */
export function useRoom(channel, { data, watch = false, mode = 'members', client } = {}) {
  const rollcall = useRollcall(client)
  const hold = useMemo(() => holdRoom(rollcall, channel, watch, mode), [rollcall, channel, watch, mode])
  const said = data && JSON.stringify(data)
  useEffect(() => hold?.say(said), [hold, said]) // before the subscription, which joins with it
  return useSyncExternalStore(hold?.subscribe ?? toNothing, hold?.view ?? viewOfNothing, viewOfNothing)
}

/**
 * Follows a user for as long as some component that uses her is mounted. Returns null until the node
 * has answered. Null for a user: follow nobody.
 *
 * @param {string | null} user
 * @param {{ client?: Rollcall }} [options]
 * @returns {UserStatus | null}
 */
export function useUser(user, { client } = {}) {
  const rollcall = useRollcall(client)
  const hold = useMemo(() => holdUser(rollcall, user), [rollcall, user])
  return useSyncExternalStore(hold?.subscribe ?? toNothing, hold?.view ?? nobodyKnown, nobodyKnown)
}

const toNothing = () => () => {}
const viewOfNothing = () => noRoom
const nobodyKnown = () => null
