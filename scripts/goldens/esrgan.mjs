// Runs the TensorFlow.js model in a folder on raw float32 [N,H,W,C], in plain JavaScript.
// usage: node esrgan.mjs MODEL_FOLDER INPUT N,H,W,C OUTPUT   (beside node_modules with @tensorflow/tfjs)
import fs from "node:fs";
import * as tf from "@tensorflow/tfjs";

const [folder, input, shape, output] = process.argv.slice(2);
const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(`${folder}/model.json`));
const floats = (path) => new Float32Array(new Uint8Array(fs.readFileSync(path)).buffer);
const weightData = floats(`${folder}/${weightsManifest[0].paths[0]}`).buffer;

await tf.setBackend("cpu");
const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }));
const result = model.predict(tf.tensor4d(floats(input), shape.split(",").map(Number)));
fs.writeFileSync(output, new Uint8Array((await result.data()).buffer));
