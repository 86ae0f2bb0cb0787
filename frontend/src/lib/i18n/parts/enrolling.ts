import { add } from '../index.svelte.ts';

/** In French, what parents read when they enroll and follow an enrollment. */
export const words = {
  enrolling: {
    history: 'Comment votre rang a évolué',
    historyHelp: 'La liste suit l’ordre d’arrivée. Quand une famille renonce, les suivantes avancent.',
    rankThen: (n: number): string => `rang ${n}`,
    causes: {
      joined: 'Vous avez rejoint la liste',
      'others-left': 'Une famille avant vous a quitté la liste',
      'others-joined': 'Une demande plus ancienne a rejoint la liste',
      moved: 'Le service a changé votre rang',
      reordered: 'Le service a changé l’ordre de la liste',
      offered: 'Une place vous a été proposée',
      confirmed: 'Le service vous a donné une place',
      cancelled: 'L’inscription a été annulée',
      refused: 'Le service a refusé l’inscription',
      ended: 'L’activité est terminée',
    },
  },
};

add(words);
