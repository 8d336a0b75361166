// Package imagine describes an image, settles what it shows, and draws that.
package imagine
