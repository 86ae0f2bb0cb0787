/** A long text: its sections in their order. */
export interface Article {
  title: string;
  lead?: string;
  sections: { heading: string; paragraphs: string[]; items?: string[] }[];
}
