/** HTML whose interpolated text is escaped, always. */

/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/**
 * html`<b>${text}</b>`: strings are escaped, `Markup` and lists of it go in as they are, undefined and false
 * vanish.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((all, s, i) => all + (i === 0 ? '' : textOf(parts[i - 1])) + s, ''));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return escapeHtml(String(part));
}

/** JSON for the inside of a `<script>`: no text in it can end the element. */
export function scriptJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value)
      .replace(/</g, '\\u003c')
      .replace(/\u2028|\u2029/g, ' '),
  );
}

/**
 * Code for the inside of a `<script>`. In JavaScript a `</script` can only be in a string, a pattern or a
 * comment.
 */
export function scriptCode(code: string): Markup {
  return new Markup(code.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--'));
}
