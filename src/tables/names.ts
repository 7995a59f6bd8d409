/** The five tables by name. */

import { TABLES, type TableName } from '../engine/abi.generated.ts';

export type { TableName };
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];
