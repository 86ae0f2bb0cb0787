import { town } from '#lib/town.ts';
import type { Article } from './article.ts';

const fr: Article = {
  title: 'Mentions légales',
  sections: [
    {
      heading: 'Éditeur',
      paragraphs: [
        `Ville de ${town.name}. ${town.hall}`.trim(),
        `Contact : ${town.contact}. Le directeur de la publication est le maire.`,
      ],
    },
    { heading: 'Hébergement', paragraphs: [town.hosting || `La ville n’a pas encore indiqué son hébergeur ici. Demandez-le à ${town.contact}.`] },
    {
      heading: 'Le logiciel',
      paragraphs: ['Ce portail est Foyer, un logiciel libre sous licence Apache 2.0. Toute ville peut l’utiliser, le vérifier et l’améliorer.'],
    },
  ],
};

const en: Article = {
  title: 'Legal notice',
  sections: [
    {
      heading: 'Publisher',
      paragraphs: [`Town of ${town.name}. ${town.hall}`.trim(), `Contact: ${town.contact}. The mayor is responsible for the publication.`],
    },
    { heading: 'Hosting', paragraphs: [town.hosting || `The town has not named its host here yet. Ask ${town.contact}.`] },
    {
      heading: 'The software',
      paragraphs: ['This portal is Foyer, free software under the Apache 2.0 licence. Any town may use it, check it and improve it.'],
    },
  ],
};

export const legal = { fr, en };
