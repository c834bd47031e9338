import { expect, it } from 'vitest';
import { rulesMarkdown } from '../../../src/search/rules/document.ts';

it('docs/reference/rules.md lists the rules as they are (again: npx vitest run THIS -u)', async () => {
  await expect(rulesMarkdown()).toMatchFileSnapshot('../../../docs/reference/rules.md');
});
