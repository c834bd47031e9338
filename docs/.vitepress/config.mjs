/**
 * The documentation site, built from the Markdown files of the repository as they are: README.md is its first page.
 * `npm run docs` at the root builds it; a link that leads nowhere ends the build.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { ROOT, SITE, stage } from './stage.mjs';

stage();

/** Links to a folder mean its README; links to other files of the repository are text here, since the site has none. */
function repositoryLinks(md) {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      if (children === null) continue;
      let closes = 0;
      for (const token of children) {
        if (token.type === 'link_open') {
          const link = target(token.attrGet('href'), env.path);
          if (link === undefined) {
            token.type = 'text';
            token.tag = '';
            token.nesting = 0;
            token.content = '';
            token.attrs = null;
            closes++;
          } else token.attrSet('href', link);
        } else if (token.type === 'link_close' && closes > 0) {
          closes--;
          token.type = 'text';
          token.tag = '';
          token.nesting = 0;
        }
      }
    }
  });
}

/** Where a link leads on the site; undefined for a file that is not a page. Broken links stay, to be reported. */
function target(href, page) {
  if (/^(\w+:|#|\/)/.test(href)) return href;
  const [path, hash] = href.split('#');
  const folder = join(ROOT, relative(SITE, dirname(page)));
  const file = resolve(folder, path);
  if (existsSync(join(file, 'README.md'))) {
    const readme = join(relative(folder, file) || '.', 'README.md');
    return `./${readme}${hash === undefined ? '' : `#${hash}`}`;
  }
  if (path.endsWith('.md') || !existsSync(file) || relative(ROOT, file).startsWith('..')) return href;
  return undefined;
}

/** Anchors as GitHub makes them, so that links work in both places. */
function slugify(text) {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** A page in a menu; it must be there (the pages of the library are made by typedoc before). */
function page(text, link) {
  const file = `${link === '/' ? '/README' : link.replace(/\/$/, '/index')}.md`;
  if (!existsSync(join(SITE, file))) throw new Error(`the menu leads to ${file}, which is not there`);
  return { text, link };
}

export default defineConfig({
  title: 'k2-bpf',
  description: 'Makes BPF programs smaller or faster, and proves that they still do the same.',
  lang: 'en',
  base: process.env.DOCS_BASE ?? '/',
  srcDir: '.site',
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  rewrites: { 'README.md': 'index.md', 'src/:floor/README.md': 'docs/floors/:floor.md' },
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  markdown: { config: (md) => md.use(repositoryLinks), anchor: { slugify }, toc: { slugify } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [page('Guide', '/docs/optimize-my-program'), page('Library', '/docs/api/'), page('Reference', '/docs/reference/helpers')],
    sidebar: [
      {
        text: 'Use it',
        items: [
          page('What it does', '/'),
          page('Optimize my program', '/docs/optimize-my-program'),
          page('With your toolchain', '/docs/with-your-toolchain'),
          page('Gate my CI', '/docs/gate-my-ci'),
          page('What a program costs', '/docs/cost'),
          page('Repair a program', '/docs/repair'),
          page('The running kernel', '/docs/running-kernel'),
          page('Limits', '/docs/limits'),
          page('Library', '/docs/api/'),
        ],
      },
      {
        text: 'Measure with it',
        items: [
          page('Reproduce the paper', '/docs/reproduce'),
          page('Add a program', '/docs/add-a-program'),
          page('Results', '/docs/results'),
          page('Corpora', '/corpora/README'),
        ],
      },
      {
        text: 'Understand it',
        items: [
          page('Architecture', '/docs/architecture'),
          page('How proofs work', '/docs/how-proofs-work'),
          page('Safety against the kernel', '/docs/safety-against-the-kernel'),
          page('Glossary', '/docs/glossary'),
        ],
      },
      {
        text: 'Reference',
        items: [
          page('Helper functions', '/docs/reference/helpers'),
          page('Hooks', '/docs/reference/hooks'),
          page('Map types', '/docs/reference/maps'),
          page('Opcodes', '/docs/reference/opcodes'),
          page('Rewrite rules', '/docs/reference/rules'),
        ],
      },
      {
        text: 'Change it',
        items: [
          page('Contributing', '/CONTRIBUTING'),
          page('Add a hook or helper', '/docs/add-a-hook-or-helper'),
          page('Tests', '/test/README'),
          page('Changes', '/CHANGELOG'),
        ],
      },
    ],
  },
});
