import { town } from '#lib/town.ts';
import type { Article } from './article.ts';

const fr: Article = {
  title: 'Accessibilité',
  lead: `La ville de ${town.name} veut que chacun puisse utiliser cet espace, avec ou sans handicap.`,
  sections: [
    {
      heading: 'État de conformité',
      paragraphs: [
        'Cet espace est partiellement conforme au référentiel général d’amélioration de l’accessibilité (RGAA), version 4.1.',
        'Cet état vient d’une auto-évaluation. Aucun organisme extérieur ne l’a encore vérifié.',
      ],
    },
    {
      heading: 'Comment nous avons vérifié',
      paragraphs: ['Chaque version est contrôlée par des tests automatiques, dans un vrai navigateur :'],
      items: [
        'chaque page et chaque état, en clair, en sombre et en contraste forcé, avec l’outil axe ;',
        'le parcours complet au clavier seul, avec un focus toujours visible ;',
        'l’affichage à 320 pixels, au zoom 200 % et avec un texte espacé ;',
        'les titres, les annonces et le focus après chaque étape.',
      ],
    },
    {
      heading: 'Ce qui n’est pas encore accessible',
      paragraphs: [],
      items: [
        'Les documents envoyés par les familles sont rendus tels quels : une photo n’a pas de texte de remplacement.',
        'Aucune personne utilisant chaque jour un lecteur d’écran n’a encore fait les parcours.',
        'Les pages des agents n’ont pas été évaluées critère par critère.',
      ],
    },
    {
      heading: 'Technologies',
      paragraphs: ['HTML, CSS, JavaScript et SVG. L’espace a été essayé avec Chromium, sur ordinateur et en taille de téléphone.'],
    },
    {
      heading: 'Vous êtes bloqué ?',
      paragraphs: [`Écrivez à ${town.contact}. Nous vous donnerons l’information ou le service d’une autre façon.`],
    },
    {
      heading: 'Voies de recours',
      paragraphs: [
        'Vous avez signalé un défaut et la réponse ne vous convient pas ? Vous pouvez saisir le Défenseur des droits, gratuitement.',
        'En ligne sur defenseurdesdroits.fr, auprès de son délégué dans votre région, ou par courrier sans timbre : Défenseur des droits, Libre réponse 71120, 75342 Paris Cedex 07.',
      ],
    },
  ],
};

const en: Article = {
  title: 'Accessibility',
  lead: `The town of ${town.name} wants everybody to be able to use this space, with or without a disability.`,
  sections: [
    {
      heading: 'State of compliance',
      paragraphs: [
        'This space is partially compliant with the French accessibility standard (RGAA), version 4.1.',
        'This is our own assessment. No outside body has checked it yet.',
      ],
    },
    {
      heading: 'How we checked',
      paragraphs: ['Each release goes through automatic tests in a real browser:'],
      items: [
        'each page and each state, light, dark and with forced colours, with axe;',
        'the whole journey with the keyboard alone, with a focus that is always visible;',
        'the display at 320 pixels, at 200 % zoom and with spaced text;',
        'titles, announcements and focus after each step.',
      ],
    },
    {
      heading: 'What is not accessible yet',
      paragraphs: [],
      items: [
        'Documents sent by families are given back as they are: a photo has no text alternative.',
        'Nobody who uses a screen reader every day has tried the journeys yet.',
        'The agents’ pages were not assessed criterion by criterion.',
      ],
    },
    { heading: 'Technologies', paragraphs: ['HTML, CSS, JavaScript and SVG. The space was tried with Chromium, on a computer and at the size of a phone.'] },
    { heading: 'Are you stuck?', paragraphs: [`Write to ${town.contact}. We will give you the information or the service in another way.`] },
    {
      heading: 'Remedies',
      paragraphs: [
        'You reported a fault and the answer does not satisfy you? You may turn to the Défenseur des droits, free of charge.',
        'Online at defenseurdesdroits.fr, with a local delegate, or by post without a stamp: Défenseur des droits, Libre réponse 71120, 75342 Paris Cedex 07.',
      ],
    },
  ],
};

export const accessibility = { fr, en };
