/**
 * An error that the user can correct: what is wrong, where, and what to do. Anything else that is thrown is a
 * bug.
 */
export class UserError extends Error {
  readonly where: string;
  readonly hint: string;

  /**
   * @param what one sentence: what is wrong
   * @param where file, section and instruction or byte offset, as far as known
   * @param hint what the user can do about it, or ''
   */
  constructor(what: string, where = '', hint = '') {
    const said = where === '' ? what : `${where}: ${what}`;
    super(hint === '' ? said : `${/[.!?]$/.test(said) ? said : `${said}.`} ${hint}`);
    this.name = 'UserError';
    this.where = where;
    this.hint = hint;
  }
}
