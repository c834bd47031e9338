/** A lookup that found nothing. */

/** A lookup that gave NULL: the map's number (those of the program first, then inner ones) and the key. */
export interface MissedKey {
  map: number;
  key: Uint8Array;
}
