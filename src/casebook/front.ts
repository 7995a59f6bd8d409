/** What the command line uses of this room. */
export { appendToCase, checkCase, evidenceOf, readCaseLog } from './book.ts';
export { deleteExpired, expiredOf } from './expire.ts';
export { QUESTIONS } from './intake.ts';
export { openCase, readAnswers } from './open-case.ts';
