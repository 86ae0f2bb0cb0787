const LONGEST = 2400; // pixels: a page that is well readable
const SMALL = 400_000; // bytes: not worth the work

/** How large a picture becomes when its longer side may have so many pixels. */
export function fit(width: number, height: number, longest = LONGEST): [number, number] {
  const scale = Math.min(1, longest / Math.max(width, height));
  return [Math.round(width * scale), Math.round(height * scale)];
}

/** A photo upright and small enough for a slow network; anything else, or a photo that this browser cannot read, as it is. */
export async function lighten(file: File): Promise<File> {
  if (!file.type.startsWith('image/') || file.size < SMALL) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = fit(picture.width, picture.height);
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.82));
    const name = file.name.replace(/\.\w+$/, '') + '.jpg';
    return blob && blob.size < file.size ? new File([blob], name, { type: 'image/jpeg' }) : file;
  } catch {
    return file; // the server looks at the content and answers with a sentence
  }
}
