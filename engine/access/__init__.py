"""Who is at work and by which proof, what each act of the door needs, who there is, what an approval takes."""
