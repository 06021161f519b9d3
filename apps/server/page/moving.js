/* What moves: the camera or a video, of which one frame at a time is on its way. */
import {attempt, make} from './elements.js';

/** The longest side of a frame that is sent. */
const SIDE_PX = 960;
/** What is waited after a frame that was refused. */
const AGAIN_MS = 1000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A <video> that shows the camera. */
export async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error('The camera needs a secure page: open it at localhost, or by https.');
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
  } catch {
    throw new Error('The camera was not allowed, or there is none.');
  }
  const video = make('video', {srcObject: stream, muted: true, playsInline: true, autoplay: true});
  await video.play();
  return video;
}

/** A <video> of a file. */
export async function openVideo(file) {
  const video = make('video', {src: URL.createObjectURL(file), muted: true, playsInline: true, controls: true, loop: true});
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(`${file.name}: this browser can not play it.`));
  });
  await video.play();
  return video;
}

/** The frame that is shown, as JPEG, and how much smaller it is than the video. */
export function frameOf(video, canvas, side = SIDE_PX) {
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve({blob, scale}), 'image/jpeg', 0.85));
}

/** Calls look(blob, scale) for frame after frame, never two at once. Returns a function that ends it. */
export function follow(video, look) {
  const canvas = make('canvas');
  let on = true;
  let last = -1;
  (async () => {
    while (on) {
      if (video.currentTime !== last && video.videoWidth) {
        last = video.currentTime;
        const {blob, scale} = await frameOf(video, canvas);
        const fine = await attempt(async () => {
          await look(blob, scale);
          return true;
        });
        if (!fine) await pause(AGAIN_MS);
      }
      await pause(30);
    }
  })();
  return () => {
    on = false;
    video.pause();
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    if (video.src) URL.revokeObjectURL(video.src);
  };
}
