/** What the command line uses of this room. */
export { appendToCase, caseFolderOf, checkCase, evidenceOf, isCaseFolder, readCaseLog } from './book.ts';
export { deleteExpired, expiredOf } from './expire.ts';
export { QUESTIONS } from './intake.ts';
export { openCase, readAnswers } from './open-case.ts';
