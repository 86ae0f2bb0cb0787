/** Every address of the SPA. */
export const routes = {
  home: '/',
  signUp: '/creer-mon-compte',
  mailbox: '/consultez-vos-mails',
  activation: '/activation',
  signIn: '/connexion',
  forgotten: '/mot-de-passe-oublie',
  newPassword: '/nouveau-mot-de-passe',
  dashboard: '/mon-tableau-de-bord',
  profile: '/profil',
  editProfile: '/profil/modifier',
  services: '/profil/services',
  security: '/profil/securite',
  family: '/ma-famille',
  newMember: (kind: string) => `/ma-famille/ajouter?qui=${kind}`,
  member: (id: string) => `/ma-famille/${id}`,
  requests: '/mes-demarches',
  request: (id: string) => `/mes-demarches/${id}`,
  newKeyRequest: '/mes-demarches/cle-enfance',
  invoices: '/mes-factures',
  invoice: (id: string) => `/mes-factures/${id}`,
  enrollments: '/mes-inscriptions',
  enrollment: (id: string) => `/mes-inscriptions/${id}`,
  enroll: '/creer-une-inscription',
  enrollActivity: (child: string) => `/creer-une-inscription/activite?enfant=${child}`,
  enrollDays: (child: string, activity: string) => `/creer-une-inscription/jours?enfant=${child}&activite=${activity}`,
  enrollCheck: (child: string, activity: string, days: string) =>
    `/creer-une-inscription/verification?enfant=${child}&activite=${activity}&jours=${days}`,
  agents: '/agents',
  agentRequest: (id: string) => `/agents/demandes/${id}`,
  agentFamilies: '/agents/familles',
  agentFamily: (id: string) => `/agents/familles/${id}`,
  demo: '/demonstration',
};

/** An address of our own to come back to, never another site's. */
export function safeReturn(wanted: string | null): string {
  return wanted && /^\/(?![/\\])/.test(wanted) ? wanted : '';
}
