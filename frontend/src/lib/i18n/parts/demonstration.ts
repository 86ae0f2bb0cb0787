import { add } from '../index.svelte.ts';

/** In French, what the page of the demonstration says. */
export const words = {
  demonstration: {
    title: 'Démonstration',
    lead: 'Cette ville est fictive. Voici avec qui vous connecter, et les messages qui seraient partis.',
    who: 'Avec qui se connecter',
    withoutKey: 'Parent sans clé',
    withKey: 'Parent avec clé',
    agent: 'Agent',
    key: 'Clé enfance qui attend',
    code: 'Code actuel (change toutes les 30 s)',
    messages: 'Mails et SMS',
    none: 'Aucun message pour le moment.',
    refresh: 'Actualiser',
    off: 'La démonstration n’est pas activée sur ce serveur.',
  },
};

add(words);
