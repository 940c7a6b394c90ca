/**
 * Writes dist/ anew. A test tells whether it is what the sources make.
 *
 *   dist/rollcall.js       one ES module, for pages that import it from a server
 *   dist/rollcall.min.js   a plain script that makes the global Rollcall; the node serves it at /client.js
 *   dist/index.cjs         for require()
 *   dist/react.cjs         rollcall-client/react for require()
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What browsers of the last three years know. */
const target = 'es2022'

/**
 * Properties that only our modules use among themselves, and that neither the API nor the wire nor a browser
 * knows by name. In the minified files they get short names, which saves 3 %.
 */
export const internal = `
  about beat changed choose closed doubt drop each emit end ended enter exit forget hello hopeful infer jumped
  late links loggedOut make mono number opened ours ran refusal refused remember renew renewable restart returning
  roster settle sleep stops take tell tokens told urls wake wall welcome widen probe bye nudge use track untrack claimed passing fail became source options check`
  .trim()
  .split(/\s+/)
const minified = { minify: true, mangleProps: new RegExp(`^(${internal.join('|')})$`) }

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  { entryPoints: ['src/index.js'], outfile: 'dist/rollcall.js', format: 'esm', ...minified },
  { entryPoints: ['src/script.js'], outfile: 'dist/rollcall.min.js', format: 'iife', ...minified },
  { entryPoints: ['src/index.js'], outfile: 'dist/index.cjs', format: 'cjs' },
  { entryPoints: ['src/react.js'], outfile: 'dist/react.cjs', format: 'cjs', external: ['react'] },
]

/** @returns {Promise<Map<string, string>>} what belongs into dist/, by path */
export async function bundle() {
  const files = new Map()
  for (const options of bundles) {
    const { outputFiles } = await build({
      ...options,
      absWorkingDir: root,
      bundle: true,
      write: false,
      target,
      charset: 'utf8',
      legalComments: 'none',
    })
    files.set(options.outfile, outputFiles[0].text)
  }
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(new URL('../dist', import.meta.url), { recursive: true })
  for (const [path, text] of await bundle()) await writeFile(new URL(`../${path}`, import.meta.url), text)
}

/** @param {string} path */
export function committed(path) {
  return readFile(new URL(`../${path}`, import.meta.url), 'utf8')
}
