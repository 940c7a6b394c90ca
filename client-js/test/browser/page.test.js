/** The page of `rollcall dev`, as people use it: by its texts, and by the names of what can be pressed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { buildProgram } from '../nodes/nodes.js'
import { browserPath, launchBrowser } from './cluster.js'

const here = { skip: browserPath ? false : 'no Chromium here', timeout: 120_000 }

/** How long to wait for what has to happen, milliseconds: it ends a test that hangs. */
const patience = 45_000

let folder, dev, address, browser, first, second
const complaints = []

before(async () => {
  if (!browserPath) return
  folder = mkdtempSync(path.join(tmpdir(), 'rollcall-page-'))
  dev = spawn(buildProgram(folder), ['dev', '--page=127.0.0.1:0', '--interval=5s'], { stdio: ['ignore', 'pipe', 'inherit'] })
  address = await new Promise((resolve, reject) => {
    let printed = ''
    dev.stdout.on('data', (data) => {
      printed += data
      const [, url] = /^Open (\S+)\n/.exec(printed) ?? []
      if (url) resolve(url)
    })
    dev.once('exit', (code) => reject(new Error(`rollcall dev ended with ${code}`)))
  })
  browser = await launchBrowser()
  first = await open()
  second = await open()
}, { timeout: 180_000 })

after(async () => {
  await browser?.close()
  dev?.kill('SIGKILL')
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** Opens the page as another person would, who shares nothing with the others. */
async function open({ hash = '', ...options } = {}) {
  const page = await (await browser.newContext(options)).newPage()
  page.setDefaultTimeout(patience)
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && /Content.Security/.test(message.text()) && complaints.push(message.text()))
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(address + hash)
  await page.getByText(/^All 3 running nodes show/).waitFor()
  return page
}

const button = (page, name) => page.getByRole('button', { name, exact: true })
const people = (page) => page.getByRole('list', { name: 'The register' }).getByRole('listitem')
const person = (page, name) => people(page).filter({ hasText: name })
const node = (page, name) => page.getByRole('listitem', { name, exact: true })
const seat = (page, name) => page.locator('.seat').filter({ hasText: name })
const quiet = (page) => page.locator('#quiet')

/** Takes a seat. */
async function come(page, name, on) {
  await page.getByLabel('Name', { exact: true }).fill(name)
  if (on) await page.getByLabel('On node').selectOption(on)
  await button(page, 'Come in').click()
  await seat(page, name).getByText(/^on node-\d$/).waitFor()
}

/** Lines of the log, oldest first, from behind the last that holds a text; without the time. */
async function since(page, text) {
  const lines = (await page.locator('#events .what').allInnerTexts()).reverse()
  return lines.slice(lines.findLastIndex((line) => line.includes(text)) + 1)
}

/** The first line of the log behind the last that holds a text that begins like this, once there is one. */
async function line(page, text, beginning) {
  for (;;) {
    const found = (await since(page, text)).find((line) => line.startsWith(beginning))
    if (found) return found
    await page.waitForTimeout(100)
  }
}

/** The joins and leaves in the log of a page since then, but those of whoever is named. */
async function events(page, text, ...but) {
  const lines = await since(page, text)
  return lines.filter((line) => /^.* (joined|left \()/.test(line) && !but.some((name) => line.startsWith(name)))
}

/** Somebody comes whom all nodes have to tell of after all that they had to tell before. */
async function mark(page, other, name) {
  await come(page, name)
  for (const one of [page, other]) await one.locator('#events li').filter({ hasText: `${name} joined told by` }).waitFor()
}

test('two people on two nodes see each other, with what they choose', here, async () => {
  await come(first, 'alice', 'node-1')
  await come(second, 'bob', 'node-2')
  for (const page of [first, second]) {
    await person(page, 'alice').getByText('1 device on node-1').waitFor()
    await person(page, 'bob').getByText('1 device on node-2').waitFor()
    await page.getByText('All 3 running nodes show the same 2 people.').waitFor()
  }
  assert.equal(await first.title(), '2 here · Rollcall')
  assert.equal(await person(first, 'alice').getByText('you', { exact: true }).isVisible(), true)
  assert.equal(await person(first, 'bob').getByText('you', { exact: true }).isVisible(), false)
  await second.getByLabel('Status of bob').selectOption('busy')
  await person(first, 'bob').getByText('busy').waitFor()
  await come(second, 'alice', 'node-3') // on a second device
  await person(first, 'alice').getByText('2 devices on node-1 and node-3').waitFor()
  await button(second, 'Leave as alice').click()
  await person(first, 'alice').getByText('1 device on node-1').waitFor()
})

test('names are text, whatever they hold', here, async () => {
  const page = await open({ hash: '#names' })
  const names = ['<img src=x onerror=alert(1)>', '__proto__', 'constructor', 'שלום', 'a'.repeat(255), '"><script>alert(1)</script>']
  for (const [i, name] of names.entries()) {
    await come(page, name)
    await page.waitForFunction((n) => document.querySelectorAll('#people li').length === n, i + 1)
  }
  assert.deepEqual(await page.locator('#people .name').allTextContents(), names)
  assert.equal(await page.locator('main img, main script').count(), 0)
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `it has to be scrolled sideways at ${width}`)
  }
  await page.getByLabel('Name', { exact: true }).fill('a\u0007b')
  await button(page, 'Come in').click()
  await page.getByRole('alert').getByText('it has a control character').waitFor()
  await page.context().close()
})

test('a pause and a reload are no event', here, async () => {
  const began = Date.now()
  await button(first, 'Pause node-2').click()
  await node(second, 'node-2').getByText('paused', { exact: true }).waitFor()
  await button(first, 'Resume node-2').click()
  await node(first, 'node-2').getByText('running', { exact: true }).waitFor()
  const resumed = Date.now()
  await first.reload()
  await seat(first, 'alice').getByText(/^on node-\d$/).waitFor()
  const slowest = Math.max(resumed - began, Date.now() - resumed)
  await mark(first, second, 'carol')
  if (slowest < 1_200) assert.deepEqual(await events(second, 'paused node-2', 'carol'), []) // else this machine was too slow for either to be within the grace
  await quiet(second).getByText(/since somebody resumed node-2/).waitFor()
})

test('a node is killed: its people are elsewhere, and nobody has left', here, async () => {
  const home = await seat(first, 'alice').locator('.where b').textContent()
  await button(second, `Kill ${home}`).click()
  const back = await line(first, `lost the connection to ${home}`, 'alice is back on')
  const rest = ['node-1', 'node-2', 'node-3'].filter((name) => name !== home)
  for (const name of rest) await node(second, name).getByText(`${home} gone`).waitFor() // given up, by now
  await mark(second, first, 'dave')
  if (parseFloat(/after ([\d.]+) s/.exec(back)[1]) < 5) assert.deepEqual(await events(second, `killed ${home}`, 'dave', 'carol'), [])
  await person(second, 'alice').getByText(/^1 device on node-\d$/).waitFor()

  await button(second, `Start ${home}`).click()
  for (const name of rest) await node(second, name).getByText(`${home} here`).waitFor()
  await second.getByText('All 3 running nodes show the same').waitFor()
  assert.deepEqual(await events(second, `started ${home}`), [])
})

test('a screen reader is told what there is, and what happens', here, async () => {
  const page = await open({ hash: '#quiet', colorScheme: 'dark', reducedMotion: 'reduce' })
  await come(page, 'frank')
  await person(page, 'frank').getByText(/^1 device on/).waitFor()
  const tree = await page.locator('body').ariaSnapshot()
  for (const part of [
    '- heading "Rollcall" [level=1]', '- heading "1 here now in quiet" [level=2]', '- textbox "Name"', '- combobox "On node"', '- textbox "In room"',
    '- button "Come in"', '- combobox "Status of frank"', '- button "Leave as frank"', '- list "The register"', '- list "What happened"',
    '- listitem "node-1"', '- button "Pause node-1"', '- button "Kill node-1"', '- status',
  ]) assert.ok(tree.includes(part), `${part} is not in\n${tree}`)
  const nameless = await page.locator('button, input, select').evaluateAll((all) => all.filter((one) => !one.textContent && !one.labels?.length && !one.ariaLabel).length)
  assert.equal(nameless, 0)
  await page.waitForFunction(() => document.getElementById('announcer')?.textContent === 'frank joined')
  const moving = await page.evaluate(() => document.getAnimations().length)
  assert.equal(moving, 0)
  await page.context().close()
})

test('all of it can be done by keyboard', here, async () => {
  const page = await open()
  const focus = async (name) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      const [label, ring] = await page.evaluate(() => {
        const { activeElement: on } = document
        return [on?.getAttribute('aria-label') ?? on?.id ?? '', on && getComputedStyle(on).outlineStyle]
      })
      const text = await page.evaluate(() => document.activeElement?.textContent)
      if (label !== name && text !== name) continue
      assert.equal(ring, 'solid', `${name} does not show the focus`)
      return
    }
    assert.fail(`the focus never comes to ${name}`)
  }
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the room')
  await page.keyboard.press('Enter')
  await focus('name')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('erin')
  await page.keyboard.press('Enter')
  await person(page, 'erin').waitFor()
  await focus('Pause node-3')
  await page.keyboard.press('Enter')
  await button(page, 'Resume node-3').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Resume node-3') // the same button
  await page.keyboard.press('Space')
  await focus('Kill node-3')
  await page.keyboard.press('Enter')
  await button(page, 'Start node-3').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Start node-3')
  await page.waitForFunction(() => document.getElementById('outcome')?.textContent === 'You killed node-3.')
  await page.keyboard.press('Enter')
  await button(page, 'Kill node-3').waitFor()
  await page.context().close()
})

test('Ctrl-C ends it, though a node is held still', here, async () => {
  await button(first, 'Pause node-1').click()
  await button(first, 'Resume node-1').waitFor()
  const ended = new Promise((resolve) => dev.once('exit', resolve))
  dev.kill('SIGINT')
  assert.equal(await ended, 0)
  await first.getByText('Is rollcall dev still running?').waitFor()
  assert.deepEqual(complaints, [])
})
