import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browserPath, Cluster, enter, tells, told } from './cluster.js'

const here = { skip: browserPath ? false : 'no Chromium here', timeout: 60_000 }
let cluster, bob
before(async () => {
  if (!browserPath) return
  cluster = await Cluster.start(2)
  bob = await cluster.join('bob', { urls: [cluster.nodes[1].url] }) // who watches all of it from node 2
}, { timeout: 180_000 })
after(() => cluster?.stop())

const fresh = () => bob.evaluate(() => void globalThis.log.splice(0))
const state = (page) => page.evaluate(() => globalThis.rollcall.state)
const online = (page) => page.waitForFunction(() => globalThis.rollcall.state === 'online' && globalThis.room.state === 'live', null, { timeout: 20_000, polling: 50 })

/** Longer than grace and timeout together: what was to be told has been told. */
const settled = (page) => page.waitForTimeout(3_500)

test('a plain script in a page without modules, under a strict policy; a second tab is no event', here, async () => {
  const alice = await cluster.join('alice', { path: '/plain' })
  await tells(bob, 'join alice')
  assert.deepEqual(await told(alice), ['token', 'sync alice bob'])
  await fresh()
  const second = await cluster.join('alice')
  await second.close()
  await settled(bob)
  assert.deepEqual(await told(bob), [])
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('a reload is no event for others', here, async () => {
  const alice = await cluster.join('alice')
  await tells(bob, 'join alice')
  await fresh()
  await cluster.join('alice', { page: alice })
  await settled(bob)
  assert.deepEqual(await told(bob), [])
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('back and forward find the page connected again', here, async () => {
  const alice = await cluster.join('alice')
  await tells(bob, 'join alice')
  await fresh()
  await alice.goto('about:blank')
  await alice.goBack()
  const kept = await alice.evaluate(() => globalThis.rollcall !== undefined)
  if (!kept) await enter(alice, { user: 'alice', urls: cluster.nodes.map(({ url }) => url) }) // this browser has put nothing aside
  await online(alice)
  await settled(bob)
  assert.deepEqual(await told(bob), [])
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('a cloned tab: two sockets that live, and none that take turns', here, async () => {
  const alice = await cluster.join('alice')
  const [clone] = await Promise.all([
    cluster.context.waitForEvent('page'),
    alice.evaluate((url) => void window.open(url), `${cluster.pages}/module`), // which copies sessionStorage
  ])
  await clone.waitForLoadState()
  await enter(clone, { user: 'alice', urls: cluster.nodes.map(({ url }) => url) })
  await online(alice)
  const sessions = () => Promise.all([alice, clone].map((page) => page.evaluate(() => globalThis.rollcall.session)))
  const first = await sessions()
  await settled(bob)
  assert.deepEqual([await state(alice), await state(clone), await sessions()], ['online', 'online', first])
  await clone.close()
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('the network taken away and given back', here, async () => {
  const alice = await cluster.join('alice')
  await alice.context().setOffline(true)
  await alice.waitForTimeout(1_000)
  await alice.context().setOffline(false)
  await online(alice)
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('a token that ends soon is renewed, and nobody notices', here, async () => {
  const alice = await cluster.join('alice', { ttl: 5 })
  await fresh()
  await alice.waitForFunction(() => globalThis.log.filter((line) => line === 'token').length > 2, null, { timeout: 20_000 })
  assert.deepEqual(await told(alice, 'token', 'sync'), [])
  assert.deepEqual([await state(alice), await told(bob)], ['online', []])
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('idle after the threshold, back at a key', here, async () => {
  const alice = await cluster.join('alice')
  await fresh()
  await alice.evaluate(() => globalThis.rollcall.monitor.start({ threshold: 1_000, interval: 200 }))
  await tells(bob, 'update alice away')
  await alice.bringToFront()
  await alice.keyboard.press('a')
  await tells(bob, 'update alice online')
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('a hidden tab whose timers hardly run stays online for many timeouts', here, async () => {
  const alice = await cluster.context.newPage()
  await alice.addInitScript(() => {
    // As browsers do to tabs that have been hidden for long, in the proportion of a minute to a timeout of 13 s.
    const { setTimeout } = globalThis
    globalThis.setTimeout = (run, ms) => setTimeout(run, Math.ceil((performance.now() + ms) / 12_000) * 12_000 - performance.now())
    Object.defineProperty(document, 'hidden', { get: () => true })
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
  })
  await cluster.join('alice', { page: alice })
  await fresh()
  await alice.waitForTimeout(30_000) // eleven timeouts of these nodes
  assert.deepEqual([await state(alice), await told(alice, 'token', 'sync'), await told(bob)], ['online', [], []])
  await alice.close()
  await tells(bob, 'leave alice closed')
})

test('the node under the tab is killed: it comes back elsewhere, and only differences are told', here, async () => {
  const alice = await cluster.join('alice')
  assert.equal(await alice.evaluate(() => globalThis.rollcall.node), 'node-1')
  await fresh()
  cluster.nodes[0].child.kill('SIGKILL')
  await alice.waitForFunction(() => globalThis.rollcall.node === 'node-2' && globalThis.room.state === 'live', null, { timeout: 20_000, polling: 50 })
  await settled(bob)
  assert.deepEqual(await told(alice, 'token', 'sync'), ['stale'])
  assert.deepEqual(await told(bob, 'sync'), [])
})
