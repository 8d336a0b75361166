// The site: README and the pages of docs, as they stand in the repository. make site
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { defineConfig } from 'vitepress'

const vue = dirname(createRequire(import.meta.url).resolve('vue/package.json'))
const page = (text, name) => ({ text, link: '/docs/' + name })

export default defineConfig({
  title: 'ortho',
  description: 'Exported vision models, run from Go',
  lang: 'en',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: '../..',
  outDir: '../../bin/site',
  srcExclude: ['bin/**', 'dist/**', '**/node_modules/**', '**/testdata/**', 'docs/site/**', 'scripts/**', 'runner/**', 'preprocess/**', 'examples/**'],
  rewrites: { 'README.md': 'index.md' },
  cleanUrls: false,
  // The pages lie outside of the folder that vue was installed into.
  vite: { resolve: { alias: { vue } } },
  markdown: {
    languageAlias: { console: 'shellsession' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      md.core.ruler.push('repository', inRepository)
      md.core.ruler.push('corner', corner)
      md.core.ruler.push('indented', indented)
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [page('Commands', 'cli'), { text: 'Changes', link: '/CHANGELOG' }],
    sidebar: [
      { text: 'Start', items: [{ text: 'ortho', link: '/' }, page('Install', 'install')] },
      {
        text: 'Use it',
        items: [
          page('Classify', 'classify'), page('Your own model', 'your-model'), page('Detect', 'detect'), page('Depth', 'depth'), page('Cut out, segment, tag', 'cutout'),
          page('Zero-shot, search, duplicates', 'zero-shot'), page('Enlarge, restyle, draw', 'generate'), page('Describe, imagine', 'describe'),
          page('Serve', 'serve'), page('Stores and hubs', 'stores'), page('Beyond one machine', 'scale'), page('From Go', 'go'),
        ],
      },
      {
        text: 'Choose and check',
        items: [page('Providers', 'providers'), page('Bench', 'bench'), page('Check an export', 'check-export'), page('Evaluate', 'evaluate')],
      },
      {
        text: 'Reference',
        items: [
          page('Commands', 'cli'), page('ortho.json, rows, environment', 'reference'), page('Formats of images', 'formats'), page('Evidence', 'evidence'), page('Schedulers', 'schedulers'),
          { text: 'Benchmarks', link: '/BENCHMARKS' }, page('Other programs', 'against'),
        ],
      },
      {
        text: 'Trust',
        items: [page('Privacy', 'privacy'), { text: 'Security', link: '/SECURITY' }, page('Reliability', 'reliability')],
      },
      { text: 'Change it', items: [page('Architecture', 'architecture'), { text: 'Contributing', link: '/CONTRIBUTING' }] },
    ],
  },
})

// inRepository makes text of links to what is no page: sources, folders and files beside the tests.
function inRepository(state) {
  for (const block of state.tokens) {
    if (block.type !== 'inline') continue
    let unlinked = false
    block.children = block.children.filter((token) => {
      if (token.type === 'link_open') {
        const target = token.attrGet('href')
        unlinked = !/^(https?:|mailto:|#)/.test(target) && (!/\.md(#.*)?$/.test(target) || target.includes('testdata/'))
        return !unlinked
      }
      if (token.type === 'link_close' && unlinked) {
        unlinked = false
        return false
      }
      return true
    })
  }
}

// corner makes a cell of a table's head that is empty, which screen readers would announce as a column's name.
function corner({ tokens }) {
  for (let i = 0; i + 2 < tokens.length; i++) {
    if (tokens[i].type === 'th_open' && tokens[i + 1].content === '') tokens[i].tag = tokens[i + 2].tag = 'td'
  }
}

// indented makes a block between fences of one that is indented, which alone scrolls where it is wide.
function indented({ tokens }) {
  for (const token of tokens) {
    if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: 'txt' })
  }
}
