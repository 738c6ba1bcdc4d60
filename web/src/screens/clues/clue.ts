import type { ClueRow, ClueView } from '@/api/wire';

import { t } from './msg';

/** A file that shows what the clue says. */
export interface ClueFile { sha256: string; file_name: string; media_type: string; at: string }
/** The clue's row with what its page adds. */
export type Clue = ClueRow & Omit<ClueView, 'row'> & { files?: ClueFile[] };

/** File, sheet and row a clue came from. */
export const placeOf = ({ file_name, sheet, layer, row, feature }: ClueView['place']): string =>
  [file_name, sheet ?? layer, row ?? feature].filter((part) => part !== undefined && part !== null && part !== '').join(' · ');

/** What a clue is called: its facility, else its number, else how it begins. */
export const nameOf = (clue: ClueRow): string => clue.facility_name || clue.external_code || clue.summary || t('nameless');

const DAY = 86_400_000;
/** Days since a clue came in, as of a day. */
export const ageInDays = (received_on: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(received_on)) / DAY));
