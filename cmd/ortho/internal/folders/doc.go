// Package folders sorts pictures into folders by what they show, and puts them back:
//
//	Open --> DIR/ortho-sort.jsonl, held --> Put, Put, ... --> Close
//	                 |  each line is on the disk before what it says is done
//	                 +--> Undo: every picture is back where it was, unless someone has changed it
//
// Nothing is replaced: where a name is taken, the picture becomes "a (2).jpg". A process may be
// killed at any moment: the next Open in the folder goes on, and so does Undo.
package folders
