/** The map that a call is made with. */
import type { Region } from '../../../analysis/domain/value.ts';
import type { MapDef } from '../../../program/program.ts';

export interface TheMap {
  region: Region & { kind: 'map' };
  def: MapDef;
}
