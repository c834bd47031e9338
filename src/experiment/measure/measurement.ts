/** A number, how it came about, and the same number of input and result. */

/** A number, and how it came about. */
export interface Measurement {
  value: number;
  unit: string;
  method: string;
  /** Whose number it is: program, build and sha256 of the file, or the source it was taken from. */
  provenance: string;
}

export interface BeforeAfter {
  before: Measurement;
  after: Measurement;
}
