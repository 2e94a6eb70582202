// The two ways in which a verification ends without "it holds".

/** Something in the bundle doesn't hold. `where` names the place: a file of the bundle, and its line where it has lines. */
export class Broken extends Error {
  constructor(sentence, where = "") {
    super(sentence);
    this.where = where;
  }
}

/** The bundle couldn't be judged: what was asked can't be done here, or the file can't be read. */
export class Unusable extends Error {}

/** Refuse unless something holds. */
export function need(holds, sentence, where) {
  if (!holds) throw new Broken(sentence, where);
}
