/**
 * The demo, as it is started by compose, with Chromium on its page and with watchers that count by themselves: it is
 * scaled to five nodes, one is killed, all are replaced, and nobody comes or leaves but who does.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { browserPath, launchBrowser } from '../../../client-js/test/browser/cluster.js'
import { compose, docker, pause, roll, running, scale, until } from './docker.js'
import { Watcher } from './watcher.js'

const url = process.env.ROLLCALL_DEMO_URL ?? 'http://127.0.0.1:8000'
const admin = process.env.ROLLCALL_DEMO_ADMIN ?? 'http://127.0.0.1:9090'
const people = ['Ada', 'Béla', 'Chi', 'Dilnoza', 'Emre']
const watchers = []

/** After this, whatever is to be told of a node that died has been told: its timeout, and some more. */
const settled = 16_000

async function token(user) {
  const answer = await fetch(`${url}/token`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user }) })
  return (await answer.json()).token
}

describe('the demo', { skip: browserPath ? false : 'no Chromium here' }, () => {
  let browser
  /** @type {Map<string, any>} pages by name */
  const pages = new Map()
  const problems = []

  async function comeIn(name) {
    const page = await (await browser.newContext()).newPage()
    page.setDefaultTimeout(60_000)
    page.on('pageerror', (error) => problems.push(`${name}: ${error}`))
    page.on('console', (message) => /content security policy/i.test(message.text()) && problems.push(`${name}: ${message.text()}`))
    await page.goto(url)
    await page.fill('#name', name)
    await page.click('#door button')
    await page.waitForSelector('.served[data-state=live] code')
    pages.set(name, page)
    return page
  }

  const read = (page) =>
    page.evaluate(() => ({
      live: document.getElementById('served').dataset.state === 'live',
      node: document.querySelector('#served code')?.textContent,
      count: document.getElementById('count').textContent,
      people: [...document.querySelectorAll('.person')].map((one) => one.dataset.user),
      states: Object.fromEntries([...document.querySelectorAll('.person')].map((one) => [one.dataset.user, one.querySelector('.state').textContent])),
      notices: [...document.querySelectorAll('.notice:not([data-kind=move])')].map((one) => one.textContent),
      moves: document.querySelectorAll('.notice[data-kind=move]').length,
      messages: [...document.querySelectorAll('.message .text')].map((one) => one.textContent),
    }))
  const readAll = () => Promise.all([...pages.values()].map(read))

  /** Waits until all pages and watchers show exactly these. */
  const allSee = (users) =>
    until(`all see ${users}`, async () => {
      const wanted = [...users].sort().join()
      const shown = (await readAll()).map((seen) => [...seen.people].sort().join() === wanted && seen.count === String(users.length))
      return shown.every(Boolean) && watchers.every(({ members }) => members && [...members].sort().join() === wanted)
    })

  /** Nobody was told that anybody came or left, however often they had to move. */
  async function nothingWasTold() {
    assert.deepEqual(watchers.map(({ events }) => events), watchers.map(() => []))
    for (const seen of await readAll()) {
      assert.deepEqual(seen.notices, [])
      assert.deepEqual([...seen.people].sort(), people)
    }
    assert.deepEqual(problems, [])
  }

  before(async () => void (browser = await launchBrowser()), { timeout: 120_000 })
  after(() => {
    for (const watcher of watchers) watcher.close()
    return browser?.close()
  })

  const step = (name, run) => it(name, { timeout: 600_000 }, run)

  step('three nodes, and everybody sees the same', async (test) => {
    assert.equal((await scale(3)).length, 3)
    for (const name of people) await comeIn(name)
    for (let i = 0; i < 6; i++) watchers.push(new Watcher(url, 'lobby', () => token(`watcher-${i}`)))
    await allSee(people)
    await Promise.all([...pages.values()].map((page) => page.evaluate(() => document.getElementById('messages').replaceChildren()))) // who came in
    const nodes = new Set((await readAll()).map(({ node }) => node))
    assert.ok(nodes.size > 1, `all pages are on one node of ${await running()}`)
    test.diagnostic(`${people.length} people on ${[...nodes].join(', ')}; ${watchers.length} watchers on ${watchers.map(({ node }) => node).join(', ')}`)
  })

  step('who types is seen to, and what is said is read', async () => {
    const [ada, bela] = people.map((name) => pages.get(name))
    await ada.locator('#text').pressSequentially('Hello')
    await bela.waitForFunction(() => document.querySelector('[data-user=Ada] .state').dataset.status === 'typing' && /Ada is typing/.test(document.getElementById('typing').textContent))
    await ada.press('#text', 'Enter')
    await bela.waitForFunction(() => document.querySelector('[data-user=Ada] .state').dataset.status === 'online')
    for (const page of pages.values()) await page.waitForFunction(() => [...document.querySelectorAll('.message .text')].some((one) => one.textContent === 'Hello'))
    await nothingWasTold()
  })

  step('scaled to five, nobody moves and nothing is told', async () => {
    const nodes = await scale(5)
    const before = watchers.length
    // A proxy that prefers who has the fewest sends the next ones to the new nodes.
    for (let i = 0; i < 4; i++) watchers.push(new Watcher(url, 'lobby', () => token(`late-${i}`)))
    await allSee(people)
    assert.ok(new Set(watchers.map(({ node }) => node)).size >= 4, `of ${nodes}, watchers are on ${watchers.map(({ node }) => node)}`)
    assert.equal(watchers.slice(0, before).reduce((sum, { moves }) => sum + moves, 0), 0)
    await nothingWasTold()
  })

  step('one is killed: who was on it is back on another one, and nothing is told', async (test) => {
    const victim = (await read(pages.get('Ada'))).node
    const hit = (await readAll()).filter(({ node }) => node === victim).length + watchers.filter(({ node }) => node === victim).length
    await docker('kill', victim)
    const began = Date.now()
    await until('everybody is on a node that lives', async () =>
      (await readAll()).every(({ live, node }) => live && node !== victim) && watchers.every(({ node }) => node && node !== victim))
    test.diagnostic(`${hit} of ${people.length + watchers.length} were on ${victim}, and are back after ${((Date.now() - began) / 1000).toFixed(1)} s`)
    await pause(settled)
    await allSee(people)
    await nothingWasTold()
    assert.equal((await scale(5)).length, 5)
  })

  step('all are replaced: everybody moves, and nothing is told', async (test) => {
    const old = await running()
    const began = Date.now()
    await roll()
    test.diagnostic(`five nodes rolled in ${Math.round((Date.now() - began) / 1000)} s`)
    const fresh = await running()
    assert.equal(fresh.filter((id) => !old.includes(id)).length, 5)
    await until('everybody is on a new node', async () =>
      (await readAll()).every(({ live, node }) => live && fresh.includes(node)) && watchers.every(({ node }) => fresh.includes(node)))
    await pause(settled)
    await allSee(people)
    await nothingWasTold()
    const moved = await readAll()
    assert.ok(moved.every(({ moves }) => moves > 0), 'each page says that it has moved')
    assert.deepEqual(moved.map(({ messages }) => messages), people.map(() => ['Hello']))
  })

  step('operators are shown all five nodes, and who is here, if they have the key', async () => {
    const [key] = (await compose('logs', '--no-color', 'keys')).match(/(?<=key of operators is )\S+/)
    const ask = (path, headers) => fetch(`${admin}${path}`, { headers })
    assert.equal((await ask('/v1/nodes')).status, 401)
    const told = async (path) => (await ask(path, { Authorization: `Bearer ${key}` })).json()
    assert.deepEqual((await told('/v1/nodes')).nodes.map(({ name, state }) => `${name} ${state}`).sort(), (await running()).map((id) => `${id} here`).sort())
    assert.deepEqual((await told('/v1/channels/lobby')).members.map(({ user }) => user).sort(), people)
    const [node] = await running()
    assert.match(await docker('exec', node, '/rollcall', 'verify'), /^clean: all 5 nodes/m)
    const page = await browser.newPage()
    await page.goto(admin)
    await page.fill('#key', key)
    await page.press('#key', 'Enter')
    for (const id of await running()) await page.getByText(id).first().waitFor({ timeout: 60_000 })
    await page.close()
  })

  step('who did nothing for a minute is idle, and is back at a key', async () => {
    const [ada, , chi] = people.map((name) => pages.get(name))
    await ada.waitForFunction(() => /^away, idle for /.test(document.querySelector('[data-user=Chi] .state').textContent), null, { timeout: 120_000 })
    await chi.keyboard.press('a')
    await ada.waitForFunction(() => document.querySelector('[data-user=Chi] .state').dataset.status !== 'away')
    await nothingWasTold()
  })

  step('and they are not blind: who leaves is told of once, and so is who comes', async () => {
    await pages.get('Emre').context().close()
    pages.delete('Emre')
    await allSee(people.slice(0, -1))
    await comeIn('Farah')
    await allSee([...people.slice(0, -1), 'Farah'])
    assert.deepEqual(watchers.map(({ events }) => events), watchers.map(() => ['leave Emre closed', 'join Farah']))
    for (const name of people.slice(0, -1)) {
      assert.deepEqual((await read(pages.get(name))).notices, ['Emre left (connection closed)', 'Farah came in'])
    }
  })

  step('the image is small, and runs as nobody on a file system that is read-only', async (test) => {
    const [size, user] = (await docker('image', 'inspect', '--format', '{{.Size}} {{.Config.User}}', 'rollcall')).split(' ')
    test.diagnostic(`the image of a node has ${(size / 1e6).toFixed(1)} MB`)
    assert.ok(size < 20e6)
    assert.equal(user, '65532:65532')
    const [node] = await running()
    assert.equal(await docker('inspect', '--format', '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}', node), 'true [ALL]')
  })
})
