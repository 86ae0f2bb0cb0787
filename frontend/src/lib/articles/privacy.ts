import { town } from '#lib/town.ts';
import type { Article } from './article.ts';

const fr: Article = {
  title: 'Vos données',
  lead: 'Ce que le portail garde de vous, pourquoi, et ce que vous pouvez faire.',
  sections: [
    {
      heading: 'Qui en est responsable',
      paragraphs: [`La ville de ${town.name}, pour le service public de l’enfance. Son délégué à la protection des données répond à ${town.contact}.`],
    },
    {
      heading: 'Ce qui est gardé',
      paragraphs: [],
      items: [
        'Votre compte : nom, adresse mail, téléphone et adresse si vous les donnez. Le mot de passe est gardé sous une forme illisible.',
        'Le foyer que vous déclarez, vos démarches, leurs messages et leurs documents.',
        'Ce que le service enfance sait de votre famille : enfants, adultes, quotient familial, factures, inscriptions.',
        'Les connexions, et qui a consulté ou modifié votre dossier.',
      ],
    },
    {
      heading: 'Qui les voit',
      paragraphs: ['Vous, et les agents du service qui en ont besoin. Chaque consultation est notée et vous pouvez la lire dans « Sécurité et données ».'],
      items: [
        'L’autre parent voit votre nom et votre rôle, jamais votre adresse, votre téléphone, votre mail ni votre quotient.',
        'Rien n’est vendu, ni donné à un autre site. Aucune mesure d’audience.',
      ],
    },
    {
      heading: 'Combien de temps',
      paragraphs: [
        'Votre compte et vos démarches restent jusqu’à ce que vous fermiez le compte. Alors ils sont effacés aussitôt.',
        'Le dossier famille et les factures sont gardés par le service selon ses propres règles.',
      ],
    },
    {
      heading: 'Sur votre appareil',
      paragraphs: [
        'Deux cookies nécessaires : l’un garde votre session, l’autre reconnaît un appareil déjà connecté. Ils ne servent à rien d’autre.',
        'Vos saisies en cours restent dans l’onglet pour ne pas être perdues. Elles sont effacées à la déconnexion.',
        'Le téléphone garde les pages vides du portail pour aller plus vite. Il n’y garde aucune de vos données.',
      ],
    },
    {
      heading: 'Vos droits',
      paragraphs: [
        `Lire, corriger, télécharger et effacer vos données : dans « Profil » et « Sécurité et données », ou par mail à ${town.contact}.`,
        'Si la réponse ne vous convient pas, vous pouvez écrire à la CNIL : cnil.fr.',
      ],
    },
  ],
};

const en: Article = {
  title: 'Your data',
  lead: 'What the portal keeps about you, why, and what you can do.',
  sections: [
    {
      heading: 'Who is responsible',
      paragraphs: [`The town of ${town.name}, for the public service for children. Its data protection officer answers at ${town.contact}.`],
    },
    {
      heading: 'What is kept',
      paragraphs: [],
      items: [
        'Your account: name, mail address, phone and address if you give them. The password is kept in a form that nobody can read.',
        'The household that you declare, your requests, their messages and documents.',
        'What the children’s service knows of your family: children, adults, family quotient, invoices, enrollments.',
        'Sign-ins, and who looked at or changed your file.',
      ],
    },
    {
      heading: 'Who sees them',
      paragraphs: ['You, and the agents of the service who need them. Each look is written down; you can read it in “Security and data”.'],
      items: [
        'The other parent sees your name and role, never your address, phone, mail or quotient.',
        'Nothing is sold or given to another site. No audience measurement.',
      ],
    },
    {
      heading: 'How long',
      paragraphs: [
        'Your account and requests stay until you close the account. Then they are erased at once.',
        'The family file and the invoices are kept by the service under its own rules.',
      ],
    },
    {
      heading: 'On your device',
      paragraphs: [
        'Two cookies that are needed: one keeps your session, the other recognises a device that signed in before. They serve nothing else.',
        'What you are typing stays in the tab so that it is not lost. It is erased when you sign out.',
        'The phone keeps the empty pages of the portal to be faster. It keeps none of your data.',
      ],
    },
    {
      heading: 'Your rights',
      paragraphs: [
        `Read, correct, download and erase your data: in “Profile” and “Security and data”, or by mail to ${town.contact}.`,
        'If the answer does not satisfy you, you may write to the CNIL: cnil.fr.',
      ],
    },
  ],
};

export const privacy = { fr, en };
