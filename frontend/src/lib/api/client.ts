/** The API, as openapi.yaml describes it: one file a tag, so that a page travels with no more than it asks for. */
export * from './generated/accounts.ts';
export * from './generated/activities.ts';
export * from './generated/agent.ts';
export * from './generated/calendars.ts';
export * from './generated/enrollments.ts';
export * from './generated/families.ts';
export * from './generated/foyer.schemas.ts';
export * from './generated/household.ts';
export * from './generated/integration.ts';
export * from './generated/invoices.ts';
export * from './generated/privacy.ts';
export * from './generated/requests.ts';
export * from './generated/second-factors.ts';
export * from './generated/service-keys.ts';
export * from './generated/sessions.ts';
export * from './generated/town.ts';
