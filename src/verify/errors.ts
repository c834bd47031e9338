/**
 * Thrown inside verify/ when something lies beyond the checker: becomes an `unknown` verdict with this
 * reason.
 */
export class Unsupported extends Error {}

/**
 * Thrown inside verify/ when a candidate does what no correct program does: becomes a `different` verdict.
 */
export class Refused extends Error {}
